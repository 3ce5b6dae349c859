//go:build customenv

#include "calib_shim.h"

#include <cstdio>
#include <exception>
#include <vector>

#include <opencv2/calib3d.hpp>

namespace {

using Points = std::vector<cv::Point2d>;
using Board = std::vector<cv::Point3d>;

void say(const char* words, char* message, int size) { std::snprintf(message, size, "%s", words); }

const cv::TermCriteria kLong(cv::TermCriteria::COUNT + cv::TermCriteria::EPS, 200, 1e-10);

}  // namespace

extern "C" {

int coldshelf_find_board(const unsigned char* grey, int w, int h, int cols, int rows, float* corners, char* message, int size) {
	try {
		cv::Mat picture(h, w, CV_8UC1, const_cast<unsigned char*>(grey));
		std::vector<cv::Point2f> found;
		const cv::Size inner(cols, rows);
		// The exhaustive search takes ten times as long, and finds boards that the quick one does not.
		const int quick = cv::CALIB_CB_NORMALIZE_IMAGE | cv::CALIB_CB_ACCURACY;
		if (!cv::findChessboardCornersSB(picture, inner, found, quick) &&
		    !cv::findChessboardCornersSB(picture, inner, found, quick | cv::CALIB_CB_EXHAUSTIVE)) {
			return 0;
		}
		if (static_cast<int>(found.size()) != cols * rows) return 0;
		for (int i = 0; i < cols * rows; i++) {
			corners[2 * i] = found[i].x;
			corners[2 * i + 1] = found[i].y;
		}
		return 1;
	} catch (const std::exception& e) {
		say(e.what(), message, size);
	} catch (...) {
		say("unknown C++ exception", message, size);
	}
	return -1;
}

int coldshelf_calibrate(int model, const double* board, const double* corners, int views, int n, int w, int h,
                        double* lens, double* distortion, double* turns, double* predicted, char* message, int size) {
	try {
		Board one;
		for (int i = 0; i < n; i++) one.emplace_back(board[2 * i], board[2 * i + 1], 0.0);
		// calibrateCamera takes single precision only, the fisheye's either.
		std::vector<std::vector<cv::Point3f>> boards(views, std::vector<cv::Point3f>(one.begin(), one.end()));
		std::vector<std::vector<cv::Point2f>> seen(views);
		for (int v = 0; v < views; v++) {
			for (int i = 0; i < n; i++) {
				const double* at = corners + 2 * (v * n + i);
				seen[v].emplace_back(static_cast<float>(at[0]), static_cast<float>(at[1]));
			}
		}
		cv::Mat k = cv::Mat::eye(3, 3, CV_64F), d;
		std::vector<cv::Mat> rotations, shifts;
		const cv::Size shape(w, h);
		if (model == COLDSHELF_FISHEYE) {
			const int flags = cv::fisheye::CALIB_RECOMPUTE_EXTRINSIC | cv::fisheye::CALIB_FIX_SKEW;
			cv::fisheye::calibrate(boards, seen, shape, k, d, rotations, shifts, flags, kLong);
		} else {
			const int flags = model == COLDSHELF_PINHOLE_NO_K3 ? cv::CALIB_FIX_K3 : 0;
			cv::calibrateCamera(boards, seen, shape, k, d, rotations, shifts, flags, kLong);
		}
		lens[0] = k.at<double>(0, 0);
		lens[1] = k.at<double>(1, 1);
		lens[2] = k.at<double>(0, 2);
		lens[3] = k.at<double>(1, 2);
		cv::Mat flat = d.reshape(1, 1);
		const int numbers = model == COLDSHELF_FISHEYE ? 4 : 5;
		for (int i = 0; i < numbers; i++) distortion[i] = i < flat.cols ? flat.at<double>(0, i) : 0.0;
		for (int v = 0; v < views; v++) {
			cv::Mat turn = rotations[v].reshape(1, 1);
			for (int i = 0; i < 3; i++) turns[3 * v + i] = turn.at<double>(0, i);
			Points back;
			const cv::Vec3d r(turns[3 * v], turns[3 * v + 1], turns[3 * v + 2]);
			cv::Mat shift = shifts[v].reshape(1, 1);
			const cv::Vec3d t(shift.at<double>(0, 0), shift.at<double>(0, 1), shift.at<double>(0, 2));
			if (model == COLDSHELF_FISHEYE) {
				cv::fisheye::projectPoints(one, back, r, t, k, d);
			} else {
				cv::projectPoints(one, r, t, k, d, back);
			}
			for (int i = 0; i < n; i++) {
				predicted[2 * (v * n + i)] = back[i].x;
				predicted[2 * (v * n + i) + 1] = back[i].y;
			}
		}
		return 0;
	} catch (const std::exception& e) {
		say(e.what(), message, size);
	} catch (...) {
		say("unknown C++ exception", message, size);
	}
	return -1;
}

}  // extern "C"
