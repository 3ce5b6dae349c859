package opencv

import "github.com/coldshelf/coldshelf/vision/lens"

// LensFit is what FitLens found.
type LensFit struct {
	Profile lens.Profile
	Turns   [][3]float64   // of the board in each view: its rotation vector, radians
	Off     [][][2]float64 // of each view and corner: where the fit puts it less where it was seen, pixels
}
