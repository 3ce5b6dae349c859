package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/footfall"
	"github.com/coldshelf/coldshelf/vision/opencv"
	"github.com/coldshelf/coldshelf/vision/person"
)

// finder is a person detector that is compared with the one that follows what moves.
type finder struct {
	name string
	net  vision.Network
	find *person.Finder
}

// openFinders loads those of the known networks that are in the folder.
func openFinders(folder string) (list []finder, err error) {
	grid := filepath.Join(folder, "fastestdet-coco.onnx")
	if data, err := os.ReadFile(grid); err == nil {
		net, err := opencv.OpenNetwork(data, opencv.CPU)
		if err != nil {
			return nil, err
		}
		list = append(list, finder{person.FastestDet.Name, net, person.New(net, person.FastestDet)})
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	darknet := filepath.Join(folder, "yolo-fastest-1.1_body", "yolo-fastest-1.1_body")
	config, err := os.ReadFile(darknet + ".cfg")
	if errors.Is(err, fs.ErrNotExist) {
		return list, nil
	}
	weights, faulty := os.ReadFile(darknet + ".weights")
	if err := errors.Join(err, faulty); err != nil {
		return list, err
	}
	net, err := opencv.OpenDarknet(config, weights)
	if err != nil {
		return list, err
	}
	return append(list, finder{person.YoloFastest.Name, net, person.New(net, person.YoloFastest)}), nil
}

func closeFinders(list []finder) {
	for _, f := range list {
		f.net.Close()
	}
}

// way counts the people whom the finder finds.
func (f finder) way(ctx context.Context) way {
	watchBy := func(c *footfall.Counter) *footfall.Watch {
		return &footfall.Watch{Counter: c, Find: func(frame vision.Frame) ([]footfall.Found, error) { return f.find.Find(ctx, frame) }}
	}
	return func() (func(*footfall.Counter) *footfall.Watch, func() error, error) {
		return watchBy, func() error { return nil }, nil
	}
}
