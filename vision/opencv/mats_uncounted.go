//go:build !customenv || !matprofile

package opencv

// OpenMats returns 0, because Mats are only counted under the build tag matprofile.
func OpenMats() int { return 0 }
