//go:build customenv && matprofile

package opencv

import "gocv.io/x/gocv"

// OpenMats is how many Mats were made and not closed, counted under the build tag matprofile.
func OpenMats() int { return gocv.MatProfile.Count() }
