# How GoCV v0.31 compiles against Debian's OpenCV 4.6 (design.md "GoCV's build").
# One place, so that every build shares one Go build cache: a changed flag is a rebuild of a minute.
export CGO_CPPFLAGS := -I/usr/include/opencv4
export CGO_CXXFLAGS := -std=c++11 -DNDEBUG -O2 -ffunction-sections -fdata-sections
export CGO_LDFLAGS  := -Wl,--gc-sections -Wl,--as-needed -lopencv_calib3d -lopencv_features2d -lopencv_objdetect -lopencv_photo -lopencv_video -lopencv_highgui -lopencv_dnn -lopencv_videoio -lopencv_imgcodecs -lopencv_imgproc -lopencv_core
GOCV_TAGS := customenv
