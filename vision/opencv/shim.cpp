//go:build customenv

#include "shim.h"

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>

int coldshelf_forward(void* net, const char** names, void** outputs, int n, char* message, int size) {
    try {
        std::vector<cv::String> wanted(names, names + n);
        std::vector<cv::Mat> blobs;
        static_cast<cv::dnn::Net*>(net)->forward(blobs, wanted);
        for (int i = 0; i < n; i++) {
            *static_cast<cv::Mat*>(outputs[i]) = blobs[i];
        }
        return 0;
    } catch (const std::exception& e) {
        std::snprintf(message, size, "%s", e.what());
    } catch (...) {
        std::snprintf(message, size, "unknown C++ exception");
    }
    return 1;
}

void coldshelf_set_threads(int n) { cv::setNumThreads(n); }
