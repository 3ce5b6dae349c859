//go:build customenv

#include "capture_shim.h"

#include <cstdio>
#include <exception>
#include <vector>

#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

namespace {

void say(const char* words, char* message, int size) { std::snprintf(message, size, "%s", words); }

// How long FFmpeg may take to open a stream, and to read one packet: less than the parent's patience,
// so that the fault is named rather than the child killed.
const int kStreamTimeoutMS = 8000;

}  // namespace

extern "C" {

void* coldshelf_capture_open(const char* source, int how, int width, int height, double fps, char* message, int size) {
	cv::VideoCapture* capture = nullptr;
	try {
		capture = new cv::VideoCapture();
		std::vector<int> params;
		int api = cv::CAP_FFMPEG;
		if (how == COLDSHELF_V4L2) {
			api = cv::CAP_V4L2;
		} else if (how == COLDSHELF_STREAM) {
			params = {cv::CAP_PROP_OPEN_TIMEOUT_MSEC, kStreamTimeoutMS, cv::CAP_PROP_READ_TIMEOUT_MSEC, kStreamTimeoutMS};
		}
		if (capture->open(source, api, params)) {
			if (how == COLDSHELF_V4L2) {
				// Motion JPEG first: raw 1080p does not fit USB 2.
				capture->set(cv::CAP_PROP_FOURCC, cv::VideoWriter::fourcc('M', 'J', 'P', 'G'));
				if (width > 0) capture->set(cv::CAP_PROP_FRAME_WIDTH, width);
				if (height > 0) capture->set(cv::CAP_PROP_FRAME_HEIGHT, height);
				if (fps > 0) capture->set(cv::CAP_PROP_FPS, fps);
				capture->set(cv::CAP_PROP_BUFFERSIZE, 1);
			}
			return capture;
		}
		say("it cannot be opened", message, size);
	} catch (const std::exception& e) {
		say(e.what(), message, size);
	}
	delete capture;
	return nullptr;
}

int coldshelf_capture_grab(void* capture, char* message, int size) {
	try {
		return static_cast<cv::VideoCapture*>(capture)->grab() ? 0 : 1;
	} catch (const std::exception& e) {
		say(e.what(), message, size);
		return -1;
	}
}

int coldshelf_capture_retrieve(void* capture, void* frame, char* message, int size) {
	try {
		cv::Mat& out = *static_cast<cv::Mat*>(frame);
		if (!static_cast<cv::VideoCapture*>(capture)->retrieve(out) || out.empty()) {
			say("frame cannot be decoded", message, size);
			return -1;
		}
		if (out.type() == CV_8UC1) cv::cvtColor(out, out, cv::COLOR_GRAY2BGR);
		if (out.type() != CV_8UC3) {
			say("frame is not 8-bit grey or BGR", message, size);
			return -1;
		}
		if (!out.isContinuous()) out = out.clone();
		return 0;
	} catch (const std::exception& e) {
		say(e.what(), message, size);
		return -1;
	}
}

double coldshelf_capture_count(void* capture) {
	try {
		return static_cast<cv::VideoCapture*>(capture)->get(cv::CAP_PROP_FRAME_COUNT);
	} catch (const std::exception&) {
		return 0;
	}
}

double coldshelf_capture_fps(void* capture) {
	try {
		return static_cast<cv::VideoCapture*>(capture)->get(cv::CAP_PROP_FPS);
	} catch (const std::exception&) {
		return 0;
	}
}

void coldshelf_capture_close(void* capture) {
	try {
		delete static_cast<cv::VideoCapture*>(capture);
	} catch (const std::exception&) {
	}
}

}  // extern "C"
