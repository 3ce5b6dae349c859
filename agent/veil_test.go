package agent

import (
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/synth"
)

// looked is what the pipeline would say of a rendered frame: its facings.
func looked(f *synth.Frame) *shelf.Observation {
	obs := &shelf.Observation{}
	for _, a := range f.Truth.Annotations {
		if a.Facing && !a.Ignore && a.VisibleFraction > 0.5 {
			obs.Facings = append(obs.Facings, shelf.Facing{Box: shelf.Box{X: a.Box[0], Y: a.Box[1], W: a.Box[2], H: a.Box[3]}})
		}
	}
	return obs
}

// leak counts the pixels of whoever stands before the cooler, and those of them that a picture shows as they are: it is
// sent, and they differ from the painted patches.
func leak(f *synth.Frame, c cover) (all, shown int) {
	w := f.Image.Bounds().Dx()
	for i, before := range f.Before {
		if !before {
			continue
		}
		all++
		x, y := int(float64(i%w)/c.side), int(float64(i/w)/c.side)
		if c.share() <= mostVeiled && !c.cells[min(c.h-1, y)*c.w+min(c.w-1, x)] {
			shown++
		}
	}
	return all, shown
}

// Arms that reach in are rendered, whose pixels are known: of all of them at most one in a hundred is in what is sent,
// and of no arm more than one in twenty. Where packs are taken away and nobody is there, at most a tenth of the picture is blurred. The
// constants were chosen on other scenes.
func TestArmsAreVeiled(t *testing.T) {
	cat, err := synth.NewCatalogue(5, 40)
	if err != nil {
		t.Fatal(err)
	}
	cameras := []synth.CameraKind{synth.CameraWhole, synth.CameraFront, synth.CameraOblique, synth.CameraFisheye}
	var arms, shown, firstShown int
	var blurred, looks float64
	for seed := range uint64(4) {
		scene, err := synth.NewScene(synth.Config{Catalogue: cat, Seed: 100 + seed, Cooler: true, Tidy: true, Rows: 4})
		if err != nil {
			t.Fatal(err)
		}
		spec := scene.Camera(cameras[seed%4], seed)
		shot := func(c synth.Condition, moment uint64) (*synth.Frame, vision.Frame) {
			f, err := scene.Render(t.Context(), synth.Shot{Camera: spec, Condition: c, Width: 640, Height: 480, Seed: moment, Device: 7})
			if err != nil {
				t.Fatal(err)
			}
			return f, vision.FromImage(f.Image)
		}
		clean, cleanPicture := shot(synth.Clean, 1)
		for moment := range uint64(2) {
			arm, picture := shot(synth.Arm, 10+moment)
			var p pictures
			look := func(f *synth.Frame, picture vision.Frame, age time.Duration) sight {
				s := sight{frame: picture, obs: looked(f)}
				p.before(&s, age)
				return s
			}
			if s := look(clean, cleanPicture, time.Minute); !s.alone || s.withhold() == "" {
				t.Errorf("scene %d: the first look's picture is not withheld", seed)
			}
			s := look(arm, picture, 2*time.Minute)
			n, l := leak(arm, s.cover)
			if arms, shown = arms+n, shown+l; 20*l > n {
				t.Errorf("scene %d, arm %d: %d of %d pixels are shown", seed, moment, l, n)
			}

			// The other way round: the arm is in the first look of all, which waits for the second.
			p = pictures{}
			first := look(arm, picture, time.Minute)
			p.held = &first
			second := look(clean, cleanPicture, 2*time.Minute)
			released := p.release(second, 2*time.Minute)
			if released == nil && second.withhold() == "" {
				t.Errorf("scene %d: the first look is not released by the second", seed)
			}
			if released != nil {
				_, l = leak(arm, released.cover)
				firstShown += l
			}
		}
		var v veil
		v.step(cleanPicture, looked(clean), time.Minute)
		for lane := range scene.Stock {
			if lane%4 == int(seed)%4 {
				scene.Stock[lane] = scene.Stock[lane][min(len(scene.Stock[lane]), 3):]
			}
		}
		sold, soldPicture := shot(synth.Clean, 20)
		blurred += v.step(soldPicture, looked(sold), 2*time.Minute).share()
		looks++
	}
	t.Logf("%d pixels of arms: %.2f %% shown, %.2f %% where the arm is in the first look; sold and nobody there: %.1f %% of the picture blurred",
		arms, 100*float64(shown)/float64(arms), 100*float64(firstShown)/float64(arms), 100*blurred/looks)
	if 100*shown > arms || 100*firstShown > arms {
		t.Errorf("of %d pixels of arms %d are shown, %d where the arm is in the first look", arms, shown, firstShown)
	}
	if blurred > 0.1*looks {
		t.Errorf("%.1f %% of pictures are blurred where nobody is", 100*blurred/looks)
	}
}

// What stays for a quarter of an hour is the shelf, and is shown.
func TestWhatStaysIsTheShelf(t *testing.T) {
	var v veil
	obs := &shelf.Observation{}
	board := [5]int{0, 60, 140, 300, 30}
	v.step(shelfPicture(1), obs, time.Minute)
	for _, l := range []struct {
		age    time.Duration
		veiled bool
	}{{2 * time.Minute, true}, {settled, true}, {settled + 2*time.Minute, true}, {settled + 3*time.Minute, false}} {
		if got := v.step(shelfPicture(1, board), obs, l.age).share() > 0; got != l.veiled {
			t.Errorf("after %v: veiled %v, want %v", l.age, got, l.veiled)
		}
	}
}

// What is painted over is of one colour by patches, and everything else is as it was.
func TestAVeilIsPainted(t *testing.T) {
	f := shelfPicture(1)
	for i := range f.BGR {
		f.BGR[i] += byte(i % 7)
	}
	var v veil
	v.step(f, &shelf.Observation{}, time.Minute)
	arm := shelfPicture(1, [5]int{200, 0, 60, 300, 20})
	c := v.step(arm, &shelf.Observation{}, 2*time.Minute)
	out := c.blur(arm)
	if c.share() < 0.03 || c.share() > 0.2 {
		t.Fatalf("%.2f of the picture is covered", c.share())
	}
	changed := 0
	for y := range arm.Height {
		for x := range arm.Width {
			i := 3 * (y*arm.Width + x)
			covered := c.cells[min(c.h-1, int(float64(y)/c.side))*c.w+min(c.w-1, int(float64(x)/c.side))]
			if out.BGR[i] != arm.BGR[i] {
				changed++
				if !covered {
					t.Fatalf("pixel %d,%d is not covered and was changed", x, y)
				}
			}
		}
	}
	if changed == 0 {
		t.Error("nothing was painted")
	}
}

// A lamp that is lit is another sight: one picture is held back, and the next is compared with it, or with the sight before.
func TestAnotherLightIsHeldBackOnce(t *testing.T) {
	var v veil
	obs := &shelf.Observation{}
	for i, l := range []struct {
		light float64
		share float64
	}{{0.3, 0}, {1, 1}, {1, 0}, {0.9, 0}, {0.3, 0}, {1, 0}, {0.1, 1}, {0.3, 1}, {0.3, 0}} {
		if got := v.step(shelfPicture(l.light), obs, time.Duration(i+1)*time.Minute).share(); got != l.share {
			t.Errorf("look %d: %.2f of the picture is covered, want %v", i+1, got, l.share)
		}
	}
}
