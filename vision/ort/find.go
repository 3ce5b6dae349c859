package ort

import (
	"fmt"
	"os"
	"path/filepath"
)

// libraryNames are tried in each folder. The versioned name comes first because npm's package has no other.
var libraryNames = []string{"libonnxruntime.so.1", "libonnxruntime.so"}

// Find returns the path of the library: given if it is not "", else $ONNXRUNTIME_LIB, else the first one found
// in the program's folder, its lib folder, the cache that `make setup` fills, and the system's folders. The
// error wraps ErrNoLibrary and lists where it looked.
func Find(given string) (string, error) {
	for _, named := range []string{given, os.Getenv("ONNXRUNTIME_LIB")} {
		if named == "" {
			continue
		}
		if info, err := os.Stat(named); err != nil || info.IsDir() {
			if given != "" {
				return "", fmt.Errorf("%w: %s", ErrNoLibrary, named)
			}
			continue
		}
		return named, nil
	}
	folders := searchFolders()
	for _, dir := range folders {
		for _, name := range libraryNames {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); err == nil && !info.IsDir() {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("%w: looked in %v", ErrNoLibrary, folders)
}

func searchFolders() []string {
	var folders []string
	if exe, err := os.Executable(); err == nil {
		dir := filepath.Dir(exe)
		folders = append(folders, dir, filepath.Join(dir, "lib"))
	}
	if cache := os.Getenv("COLDSHELF_CACHE"); cache != "" {
		folders = append(folders, filepath.Join(cache, "onnxruntime-1.22.0"))
	} else if cache, err := os.UserCacheDir(); err == nil {
		folders = append(folders, filepath.Join(cache, "coldshelf", "onnxruntime-1.22.0"))
	}
	return append(folders, "/usr/local/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib")
}
