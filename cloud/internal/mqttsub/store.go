package mqttsub

import (
	"strings"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

// answers is paho's store of what it has sent and the broker has not acknowledged. paho would also keep what it received
// until it is acknowledged, only to drop it at the next connect: the broker sends that again by itself.
type answers struct{ mqtt.Store }

func newAnswers() answers { return answers{mqtt.NewMemoryStore()} }

// outbound is the prefix of paho's keys for what it has sent.
const outbound = "o."

func (a answers) Put(key string, packet packets.ControlPacket) {
	if strings.HasPrefix(key, outbound) {
		a.Store.Put(key, packet)
	}
}

func (a answers) Del(key string) {
	if strings.HasPrefix(key, outbound) {
		a.Store.Del(key)
	}
}
