//go:build customenv

#include "motion_shim.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <vector>

#include <opencv2/imgproc.hpp>
#include <opencv2/video/background_segm.hpp>

namespace {

struct Motion {
	cv::Ptr<cv::BackgroundSubtractorMOG2> model;
	cv::Mat small, room, open, close, learnt, unused;
	std::vector<cv::Rect> held;  // where people stand who are not to become the room, in the small picture
	int seen = 0;
	double rate;
};

// Frames for which the model learns as fast as it likes, to know the room, and for which it learns fast, so that who
// was there in the first frame leaves no ghost.
const int kFirstSight = 12, kFast = 80;
const double kFastRate = 0.01;
// The share of a pixel's past that the room must have been: of what stands still, 0.3 of 1/rate frames are not the room.
const double kRoomShare = 0.7;

// Light is compared at every kLightStep-th pixel of each axis, with a picture of the room that is kRoomAge frames old at
// most; levels near black or white tell nothing. A change of less than kSameLight is none, one of more than kMostLight is
// no camera's doing, nor is a contrast beyond kMostPower.
const int kLightStep = 3, kRoomAge = 5, kDarkest = 12, kLightest = 245, kFewPixels = 200;
const double kSameLight = 0.06, kMostLight = 2.5, kMostPower = 1.8, kLeastSpan = 0.25;

struct Seen {
	float room, ratio;
};

float median(std::vector<Seen>::iterator from, std::vector<Seen>::iterator to, float Seen::*what) {
	auto middle = from + (to - from) / 2;
	std::nth_element(from, middle, to, [what](const Seen& a, const Seen& b) { return a.*what < b.*what; });
	return (*middle).*what;
}

// curve finds how a channel of the frame comes from the room's: frame = gain * room ^ power, by the median of frame over
// room among the room's darker and among its lighter half. Whoever is in the picture covers less than half of either.
bool curve(std::vector<Seen>& seen, double& gain, double& power) {
	if (seen.size() < size_t(kFewPixels)) return false;
	auto half = seen.begin() + seen.size() / 2;
	std::nth_element(seen.begin(), half, seen.end(), [](const Seen& a, const Seen& b) { return a.room < b.room; });
	double dark = median(seen.begin(), half, &Seen::room), light = median(half, seen.end(), &Seen::room);
	double low = median(seen.begin(), half, &Seen::ratio), high = median(half, seen.end(), &Seen::ratio);
	power = 1;
	double span = std::log(light / dark);
	if (span > kLeastSpan) power = 1 + std::log(high / low) / span;
	power = std::min(kMostPower, std::max(1 / kMostPower, power));
	gain = std::sqrt(low * std::pow(dark, 1 - power) * high * std::pow(light, 1 - power));
	double most = std::max(std::abs(std::log(low)), std::abs(std::log(high)));
	return most < std::log(kMostLight);
}

// expose brings a frame to the light in which the room was learnt. A camera answers to a dark coat by opening up, and the
// whole room would seem to move.
void expose(cv::Mat& frame, const cv::Mat& room) {
	cv::Mat table(1, 256, CV_8UC3);
	double most = 0;
	for (int c = 0; c < 3; c++) {
		std::vector<Seen> seen;
		for (int y = 0; y < frame.rows; y += kLightStep) {
			const auto *f = frame.ptr<cv::Vec3b>(y), *r = room.ptr<cv::Vec3b>(y);
			for (int x = 0; x < frame.cols; x += kLightStep) {
				if (f[x][c] >= kDarkest && f[x][c] <= kLightest && r[x][c] >= kDarkest && r[x][c] <= kLightest) {
					seen.push_back({float(r[x][c]), float(f[x][c]) / float(r[x][c])});
				}
			}
		}
		double gain, power;
		if (!curve(seen, gain, power)) return;
		for (int v = 0; v < 256; v++) {
			double was = std::pow(v / gain, 1 / power);
			table.at<cv::Vec3b>(0, v)[c] = cv::saturate_cast<uchar>(was);
			if (v > kDarkest && v < kLightest) most = std::max(most, std::abs(std::log(std::max(was, 1.0) / v)));
		}
	}
	if (most > kSameLight) cv::LUT(frame, table, frame);
}

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
		if (m.seen >= kFast) {
			if (m.seen % kRoomAge == 0 || m.room.size() != m.small.size()) m.model->getBackgroundImage(m.room);
			expose(m.small, m.room);
		}
		const double rate = m.seen < kFirstSight ? -1 : m.seen < kFast ? kFastRate : m.rate;
		if (m.held.empty() || m.room.size() != m.small.size()) {
			m.model->apply(m.small, moving, rate);
		} else {
			m.model->apply(m.small, moving, 0);
			m.small.copyTo(m.learnt);
			for (const auto& r : m.held) {
				const cv::Rect in = r & cv::Rect(0, 0, w, h);
				m.room(in).copyTo(m.learnt(in));
			}
			m.model->apply(m.learnt, m.unused, rate);
		}
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

int coldshelf_motion_hold(void* motion, const int* boxes, int n) {
	try {
		auto& held = static_cast<Motion*>(motion)->held;
		held.clear();
		for (int i = 0; i < n; i++) held.emplace_back(boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3]);
		return 0;
	} catch (const std::exception&) {
	}
	return 1;
}

void coldshelf_motion_free(void* motion) { delete static_cast<Motion*>(motion); }

}  // extern "C"
