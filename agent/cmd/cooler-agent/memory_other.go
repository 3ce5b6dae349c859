//go:build !cgo || !linux

package main

// keepLittle needs malloc's own interface.
func keepLittle() {}
