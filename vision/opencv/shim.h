#ifndef COLDSHELF_OPENCV_SHIM_H
#define COLDSHELF_OPENCV_SHIM_H

#ifdef __cplusplus
extern "C" {
#endif

// Runs net (a cv::dnn::Net*) once and copies the headers of n outputs into outputs (cv::Mat*, made by the
// caller). Gives 0, or 1 with the exception's words in message, cut at size bytes.
int coldshelf_forward(void* net, const char** names, void** outputs, int n, char* message, int size);

void coldshelf_set_threads(int n);

#ifdef __cplusplus
}
#endif

#endif
