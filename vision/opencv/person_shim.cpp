//go:build customenv

#include "person_shim.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <vector>

#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

namespace {

// The detector's window is 64×128 pixels, in which the person it was trained on is 96 tall.
const double kPersonTall = 96.0 / 128;
// The crop is larger than the window by this, so that a box that is a little off still holds it.
const int kCropWidth = 96, kCropHeight = 168;

}  // namespace

extern "C" {

void* coldshelf_person_new(char* message, int size) {
	try {
		auto* hog = new cv::HOGDescriptor();
		hog->setSVMDetector(cv::HOGDescriptor::getDefaultPeopleDetector());
		return hog;
	} catch (const std::exception& e) {
		std::snprintf(message, size, "%s", e.what());
	}
	return nullptr;
}

int coldshelf_person_score(void* person, void* bgr, int width, int height, double x, double y, double w, double h,
                           double* score, char* message, int size) {
	try {
		const cv::Mat picture(height, width, CV_8UC3, bgr);
		// The window at the person's scale, then the crop around it.
		const double scale = h / kPersonTall / 128;
		const double cw = kCropWidth * scale, ch = kCropHeight * scale;
		const cv::Rect crop(cvRound(x + w / 2 - cw / 2), cvRound(y + h / 2 - ch / 2), std::max(2, cvRound(cw)), std::max(2, cvRound(ch)));
		const cv::Rect inside = crop & cv::Rect(0, 0, width, height);
		*score = 0;
		if (inside.width < 4 || inside.height < 8) return 0;
		cv::Mat whole, small;
		cv::copyMakeBorder(picture(inside), whole, inside.y - crop.y, crop.br().y - inside.br().y, inside.x - crop.x, crop.br().x - inside.br().x,
		                   cv::BORDER_REPLICATE);
		cv::resize(whole, small, cv::Size(kCropWidth, kCropHeight), 0, 0, scale > 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
		std::vector<cv::Rect> found;
		std::vector<double> weights;
		static_cast<cv::HOGDescriptor*>(person)->detectMultiScale(small, found, weights, 0, cv::Size(8, 8), cv::Size(), 1.1, 0);
		for (double one : weights) *score = std::max(*score, one);
		return 0;
	} catch (const std::exception& e) {
		std::snprintf(message, size, "%s", e.what());
	}
	return 1;
}

void coldshelf_person_free(void* person) { delete static_cast<cv::HOGDescriptor*>(person); }

}  // extern "C"
