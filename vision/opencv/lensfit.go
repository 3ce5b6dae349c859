package opencv

import "github.com/coldshelf/coldshelf/vision/lens"

// LensFit is the result of FitLens.
type LensFit struct {
	Profile lens.Profile
	Turns   [][3]float64   // rotation vector of the board in each view, in radians
	Off     [][][2]float64 // for each view and corner, where the fit puts it minus where it was seen, in pixels
}
