package door_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"

	"github.com/coldshelf/coldshelf/devices/door"
)

// watch runs a contact under the bubble's clock while script moves its pin, and gives what was told, as
// "when state".
func watch(t *testing.T, edges bool, openHigh bool, script func(set func(gpio.Level))) string {
	t.Helper()
	var told []string
	synctest.Test(t, func(t *testing.T) {
		pin := &gpiotest.Pin{N: "GPIO17"}
		if edges {
			pin.EdgesChan = make(chan gpio.Level)
		}
		set := func(l gpio.Level) {
			if edges {
				pin.EdgesChan <- l
			} else {
				pin.Out(l)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		begin := time.Now()
		var run sync.WaitGroup
		run.Go(func() {
			err := door.New(pin, openHigh, 0).Watch(ctx, func(open bool) {
				state := "closed"
				if open {
					state = "open"
				}
				told = append(told, fmt.Sprintf("%v %s", time.Since(begin).Truncate(100*time.Millisecond), state))
			})
			if err != nil {
				t.Errorf("watch: %v", err)
			}
		})
		synctest.Wait()
		script(set)
		time.Sleep(2 * time.Second)
		cancel()
		run.Wait()
	})
	return strings.Join(told, ", ")
}

func TestDoor(t *testing.T) {
	for _, edges := range []bool{true, false} {
		t.Run(map[bool]string{true: "edges", false: "polled"}[edges], func(t *testing.T) {
			// A contact to ground: low is closed.
			got := watch(t, edges, true, func(set func(gpio.Level)) {
				set(gpio.Low)
				time.Sleep(time.Second)
				set(gpio.High) // opened, chattering
				for range 5 {
					time.Sleep(8 * time.Millisecond)
					set(gpio.Low)
					time.Sleep(8 * time.Millisecond)
					set(gpio.High)
				}
				time.Sleep(2 * time.Second)
				set(gpio.Low) // a knock of 20 ms
				time.Sleep(20 * time.Millisecond)
				set(gpio.High)
				time.Sleep(time.Second)
				set(gpio.Low)
			})
			if want := "0s closed, 1.1s open, 4.1s closed"; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestADoorThatIsOpenAtFirst(t *testing.T) {
	if got := watch(t, true, true, func(func(gpio.Level)) {}); got != "0s open" {
		t.Errorf("got %s, want it told once", got)
	}
	// The other way of wiring: high is closed, and a broken wire (pulled down) is open.
	if got := watch(t, false, false, func(func(gpio.Level)) {}); got != "0s open" {
		t.Errorf("got %s, want a broken wire to read as open", got)
	}
}

// dead is a pin that cannot be read at all.
type dead struct{ *gpiotest.Pin }

func (dead) In(gpio.Pull, gpio.Edge) error { return errors.New("no driver") }

func TestAPinThatCannotBeUsed(t *testing.T) {
	err := door.New(dead{&gpiotest.Pin{N: "GPIO17"}}, true, 0).Watch(context.Background(), func(bool) {})
	if err == nil || !strings.Contains(err.Error(), "GPIO17") || !strings.Contains(err.Error(), "no driver") {
		t.Errorf("got %v, want an error that names the pin", err)
	}
}
