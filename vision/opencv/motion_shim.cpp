//go:build customenv

#include "motion_shim.h"

#include <cstdio>
#include <exception>

#include <opencv2/imgproc.hpp>
#include <opencv2/video/background_segm.hpp>

namespace {

struct Motion {
	cv::Ptr<cv::BackgroundSubtractorMOG2> model;
	cv::Mat small, open, close;
	int seen = 0;
	double rate;
};

// Frames for which the model learns as fast as it likes, to know the room, and for which it learns fast, so that who
// was there in the first frame leaves no ghost.
const int kFirstSight = 12, kFast = 80;
const double kFastRate = 0.01;
// The share of a pixel's past that the room must have been: of what stands still, 0.3 of 1/rate frames are not the room.
const double kRoomShare = 0.7;

// MOG2 marks shadows by 127, what moves by 255.
const int kShadowsBelow = 200;

}  // namespace

extern "C" {

void* coldshelf_motion_new(double rate, double threshold, double shadow, char* message, int size) {
	try {
		auto* m = new Motion();
		m->model = cv::createBackgroundSubtractorMOG2(500, threshold, true);
		m->rate = rate;
		m->model->setBackgroundRatio(kRoomShare);
		m->model->setShadowThreshold(shadow);
		m->open = cv::getStructuringElement(cv::MORPH_ELLIPSE, cv::Size(3, 3));
		m->close = cv::getStructuringElement(cv::MORPH_ELLIPSE, cv::Size(3, 7));  // people are taller than wide
		return m;
	} catch (const std::exception& e) {
		std::snprintf(message, size, "%s", e.what());
	}
	return nullptr;
}

int coldshelf_motion_step(void* motion, void* bgr, int width, int height, void* mask, int w, int h, char* message, int size) {
	try {
		Motion& m = *static_cast<Motion*>(motion);
		cv::Mat moving(h, w, CV_8UC1, mask);
		cv::resize(cv::Mat(height, width, CV_8UC3, bgr), m.small, cv::Size(w, h), 0, 0, cv::INTER_AREA);
		m.model->apply(m.small, moving, m.seen < kFirstSight ? -1 : m.seen < kFast ? kFastRate : m.rate);
		m.seen++;
		cv::threshold(moving, moving, kShadowsBelow, 255, cv::THRESH_BINARY);
		cv::morphologyEx(moving, moving, cv::MORPH_OPEN, m.open);
		cv::morphologyEx(moving, moving, cv::MORPH_CLOSE, m.close);
		if (moving.data == mask) return 0;
		std::snprintf(message, size, "OpenCV moved the mask");
	} catch (const std::exception& e) {
		std::snprintf(message, size, "%s", e.what());
	}
	return 1;
}

void coldshelf_motion_free(void* motion) { delete static_cast<Motion*>(motion); }

}  // extern "C"
