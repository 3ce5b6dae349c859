#ifndef COLDSHELF_CALIB_SHIM_H
#define COLDSHELF_CALIB_SHIM_H

#ifdef __cplusplus
extern "C" {
#endif

// Looks for a chessboard of cols x rows inner corners in a grey picture of w x h bytes. Gives 1 and writes
// 2*cols*rows coordinates into corners, 0 where there is none, -1 with an exception's words in message.
int coldshelf_find_board(const unsigned char* grey, int w, int h, int cols, int rows, float* corners, char* message, int size);

// Which model is fitted.
enum { COLDSHELF_PINHOLE, COLDSHELF_PINHOLE_NO_K3, COLDSHELF_FISHEYE };

// Fits a lens to views pictures of one board of n corners. board holds n times x and y, corners views*n times
// u and v. Writes fx, fy, cx, cy into lens, 5 (pinhole) or 4 numbers into distortion, each picture's
// rotation vector into turns (3 each), and each corner's predicted u and v into predicted. Gives 0, or -1
// with an exception's words in message.
int coldshelf_calibrate(int model, const double* board, const double* corners, int views, int n, int w, int h,
                        double* lens, double* distortion, double* turns, double* predicted, char* message, int size);

#ifdef __cplusplus
}
#endif

#endif
