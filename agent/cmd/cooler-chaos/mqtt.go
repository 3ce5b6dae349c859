package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// subscriberOptions configure a subscriber that runs as a process of its own.
type subscriberOptions struct {
	Kind   string // "mqtt" or "webhook"
	File   string // of its taker
	Broker string
	Cloud  string // address of the service
	Listen string // of the webhook
	Seed   uint64
}

func (o subscriberOptions) run(ctx context.Context) error {
	t, err := openTaker(o.File)
	if err != nil {
		return err
	}
	switch o.Kind {
	case "mqtt":
		return o.subscribe(ctx, t)
	case "webhook":
		return o.receive(ctx, t)
	}
	return fmt.Errorf("unknown subscriber %q", o.Kind)
}

// subscribe receives alerts by MQTT with a persistent session, and acknowledges each after recording it. The
// service sends again what a killed broker has forgotten. Only the subscriber can know that the broker has
// forgotten the subscription itself; then it asks the service's log for what it missed.
func (o subscriberOptions) subscribe(ctx context.Context, t *taker) error {
	lost := make(chan error, 1)
	faults := make(chan error, 1)
	c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("tcp://" + o.Broker).SetClientID("chaos-mqtt").SetCleanSession(false).
		SetAutoReconnect(false).SetAutoAckDisabled(true).SetOrderMatters(true).SetKeepAlive(2 * time.Second).SetConnectTimeout(5 * time.Second).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) { lost <- err }).
		SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) {
			if _, err := t.take(m.Payload(), told); err != nil {
				select {
				case faults <- fmt.Errorf("%s: %w: %s", m.Topic(), err, m.Payload()):
				default:
				}
				return
			}
			m.Ack()
		}))
	// Until the broker is known to remember us, anything after this point may be missing.
	known, err := t.begin()
	if err != nil {
		return err
	}
	token := c.Connect()
	if token.Wait() && token.Error() != nil {
		return token.Error() // and the subscriber is started again
	}
	defer c.Disconnect(250)
	if token.(*mqtt.ConnectToken).SessionPresent() && !known {
		if err := os.Remove(t.behind()); err != nil {
			return err
		}
	} else { // subscribing again would deliver everything that is retained again
		sub := c.Subscribe("coldshelf/v1/"+tenant+"/alerts/#", 1, nil)
		if !sub.WaitTimeout(10*time.Second) || sub.Error() != nil {
			return errors.Join(errors.New("not subscribed"), sub.Error())
		}
	}
	caughtUp := false
	for next := time.After(0); ; {
		select {
		case <-ctx.Done():
			return nil
		case err := <-lost:
			return fmt.Errorf("connection lost: %w", err)
		case err := <-faults:
			return err
		case <-next:
			err := t.catchUp(ctx, "http://"+o.Cloud)
			switch {
			case err != nil: // the service is down
				fmt.Fprintf(os.Stderr, "note: %v\n", err)
				next = time.After(time.Second)
			case !caughtUp: // once more, when the broker must have saved the subscription
				caughtUp, next = true, time.After(settling)
			default:
				if err := os.Remove(t.behind()); err != nil && !errors.Is(err, os.ErrNotExist) {
					return err
				}
			}
		}
	}
}

// settling is longer than a broker takes to save a new subscription (autosave_interval).
const settling = 3 * time.Second

// behind is the file with the cursor after which something may be missing.
func (t *taker) behind() string { return t.file.Name() + ".behind" }

// begin records that events after the highest one taken may be missing. known is true if an earlier cursor was
// already recorded, which then remains.
func (t *taker) begin() (known bool, err error) {
	if _, err := os.Stat(t.behind()); !errors.Is(err, os.ErrNotExist) {
		return true, err
	}
	return false, t.missingAfter(strconv.FormatInt(t.cursor, 10))
}

// missingAfter records the cursor after which something may be missing.
func (t *taker) missingAfter(cursor string) error {
	if err := os.WriteFile(t.behind()+".new", []byte(cursor), 0o600); err != nil {
		return err
	}
	return os.Rename(t.behind()+".new", t.behind())
}

// catchUp takes from the log what may be missing, if anything. What it has read is recorded as not missing, so
// that a subscriber that is killed repeatedly does not read everything again each time.
func (t *taker) catchUp(ctx context.Context, service string) error {
	data, err := os.ReadFile(t.behind())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for after, more := string(data), true; more; {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, service+"/v1/events?after="+after, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		var page struct {
			Events []json.RawMessage
			Cursor string
			More   bool
		}
		err = json.NewDecoder(resp.Body).Decode(&page)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			return errors.Join(fmt.Errorf("events: status %d", resp.StatusCode), err)
		}
		for _, e := range page.Events {
			if _, err := t.take(e, asked); err != nil {
				return err
			}
		}
		if err := t.missingAfter(page.Cursor); err != nil {
			return err
		}
		after, more = page.Cursor, page.More
	}
	return nil
}
