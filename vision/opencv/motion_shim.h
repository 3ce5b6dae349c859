#ifndef COLDSHELF_OPENCV_MOTION_SHIM_H
#define COLDSHELF_OPENCV_MOTION_SHIM_H

#ifdef __cplusplus
extern "C" {
#endif

// OpenCV's MOG2; NULL with the exception's words in message. rate is the share of a frame that the background
// takes over; shadow is how dark, in shares of the background's
// brightness, a shadow at most makes it.
void* coldshelf_motion_new(double rate, double threshold, double shadow, char* message, int size);

// Brings a width×height BGR picture down to w×h and writes into mask, w*h bytes, which of it moves: 255, else 0.
// Gives 0, or 1 with words in message.
int coldshelf_motion_step(void* motion, void* bgr, int width, int height, void* mask, int w, int h, char* message, int size);

// Says where, in the small picture, the next frames shall teach the model nothing: n boxes of x, y, width and height.
int coldshelf_motion_hold(void* motion, const int* boxes, int n);

void coldshelf_motion_free(void* motion);

#ifdef __cplusplus
}
#endif

#endif
