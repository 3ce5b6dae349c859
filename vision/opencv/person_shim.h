#ifndef COLDSHELF_OPENCV_PERSON_SHIM_H
#define COLDSHELF_OPENCV_PERSON_SHIM_H

#ifdef __cplusplus
extern "C" {
#endif

// OpenCV's histogram-of-gradients people detector; NULL with the exception's words in message.
void* coldshelf_person_new(char* message, int size);

// How far the best window in and around the box x, y, w, h of a width×height BGR picture is on the person side
// of the detector's plane: into score, 0 where none is. Gives 0, or 1 with words in message.
int coldshelf_person_score(void* person, void* bgr, int width, int height, double x, double y, double w, double h,
                           double* score, char* message, int size);

void coldshelf_person_free(void* person);

#ifdef __cplusplus
}
#endif

#endif
