package presence_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"

	"github.com/coldshelf/coldshelf/devices/presence"
)

// watch gives the visits as "from–to" after the warm-up, and what Watch returned.
func watch(t *testing.T, script func(set func(gpio.Level))) (visits string, err error) {
	t.Helper()
	var told []string
	synctest.Test(t, func(t *testing.T) {
		pin := &gpiotest.Pin{N: "GPIO27"}
		ctx, cancel := context.WithCancel(context.Background())
		begin := time.Now()
		var run sync.WaitGroup
		run.Go(func() {
			err = presence.New(pin, 0).Watch(ctx, func(v presence.Visit) {
				at := func(t time.Time) time.Duration { return t.Sub(begin).Round(time.Second) }
				told = append(told, fmt.Sprintf("%v–%v", at(v.From), at(v.To)))
			})
		})
		synctest.Wait()
		script(func(l gpio.Level) { pin.Out(l) })
		time.Sleep(10 * time.Second)
		cancel()
		run.Wait()
	})
	return strings.Join(told, ", "), err
}

func TestVisits(t *testing.T) {
	got, err := watch(t, func(set func(gpio.Level)) {
		pulse := func(d time.Duration) { set(gpio.High); time.Sleep(d); set(gpio.Low) }
		pulse(5 * time.Second) // while it warms up
		time.Sleep(35 * time.Second)
		pulse(2 * time.Second) // 40 s: somebody comes
		time.Sleep(4 * time.Second)
		pulse(time.Second) // 46 s: and chooses
		time.Sleep(13 * time.Second)
		pulse(time.Second) // 60 s: another
	})
	if want := "40s–47s, 1m0s–1m1s"; got != want || err != nil {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestADetectorThatIsStuck(t *testing.T) {
	got, err := watch(t, func(set func(gpio.Level)) {
		set(gpio.High)
		time.Sleep(2 * time.Hour)
	})
	if got != "" || err == nil || !strings.Contains(err.Error(), "GPIO27") {
		t.Errorf("got %q, %v, want an error that names the pin", got, err)
	}
}
