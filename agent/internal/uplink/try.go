package uplink

import (
	"context"
	"fmt"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// Try connects once, subscribes to the board's own topics and disconnects, under a client id of its own so that a running
// agent is not disconnected.
func Try(ctx context.Context, cfg Config) error {
	id := cfg.Identity
	opts := mqtt.NewClientOptions().
		AddBroker(cfg.Broker).
		SetClientID(ClientID(id) + ":doctor").
		SetUsername(cfg.Username).
		SetPassword(cfg.Password).
		SetProtocolVersion(4).
		SetCleanSession(true).
		SetAutoReconnect(false).
		SetConnectRetry(false).
		SetConnectTimeout(connectTimeout)
	if cfg.TLS != nil {
		opts.SetTLSConfig(cfg.TLS)
	}
	client := mqtt.NewClient(opts)
	defer client.Disconnect(100)
	if err := wait(ctx, client.Connect()); err != nil {
		return fmt.Errorf("connect to %s: %w", cfg.Broker, err)
	}
	return subscribe(ctx, client, id.DownFilter(), nil)
}

// subscribe waits for the broker's SUBACK; a refusal is an error.
func subscribe(ctx context.Context, client mqtt.Client, filter string, handler mqtt.MessageHandler) error {
	token := client.Subscribe(filter, 1, handler)
	if err := wait(ctx, token); err != nil {
		return fmt.Errorf("subscribe %s: %w", filter, err)
	}
	if sub, ok := token.(*mqtt.SubscribeToken); ok && sub.Result()[filter] == 0x80 {
		return fmt.Errorf("subscribe %s: the broker refuses it", filter)
	}
	return nil
}
