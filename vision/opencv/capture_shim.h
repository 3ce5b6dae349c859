#ifndef COLDSHELF_CAPTURE_SHIM_H
#define COLDSHELF_CAPTURE_SHIM_H

#ifdef __cplusplus
extern "C" {
#endif

// How OpenCV opens a source.
enum { COLDSHELF_V4L2, COLDSHELF_STREAM, COLDSHELF_FILE };

// Opens source (a cv::VideoCapture*, to be closed with coldshelf_capture_close), or gives NULL with why in
// message, cut at size bytes. width, height and fps are asked of a V4L2 device where they are not 0.
void* coldshelf_capture_open(const char* source, int how, int width, int height, double fps, char* message, int size);

// Moves on by one frame without decoding it. Gives 0, 1 where there is none, -1 with an exception's words.
int coldshelf_capture_grab(void* capture, char* message, int size);

// Decodes the frame of the last grab into frame (a cv::Mat*), as 8-bit BGR. Gives 0 or -1 with why.
int coldshelf_capture_retrieve(void* capture, void* frame, char* message, int size);

// Number of frames as the container says, 0 where it does not.
double coldshelf_capture_count(void* capture);

// Frames a second as the source says, 0 where it does not.
double coldshelf_capture_fps(void* capture);

void coldshelf_capture_close(void* capture);

#ifdef __cplusplus
}
#endif

#endif
