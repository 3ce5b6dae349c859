//go:build customenv && matprofile

package opencv

import "gocv.io/x/gocv"

// OpenMats returns how many Mats were made and not closed. They are counted under the build tag matprofile.
func OpenMats() int { return gocv.MatProfile.Count() }
