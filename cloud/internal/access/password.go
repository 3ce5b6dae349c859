package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// The cost of a password hash, as OWASP's Password Storage Cheat Sheet recommends for argon2id: 19 MiB, two
// passes. It is part of each hash, so it can be raised later: older hashes stay valid.
const (
	argonMemory  = 19 << 10 // KiB
	argonTime    = 2
	argonThreads = 1
	argonSalt    = 16
	argonKey     = 32
)

// Only the length of a password is checked (NIST SP 800-63B), because rules about digits make people write
// passwords down.
const (
	minPassword = 10  // characters
	maxPassword = 256 // bytes
)

// hashing bounds how many passwords are hashed at once, and with that the memory that any visitor of the page
// can make us use.
var hashing = make(chan struct{}, 2)

// ErrPassword says that a password is not accepted; its text says why.
var ErrPassword = errors.New("the password is not taken")

// checkPassword says what is wrong with somebody's new password.
func checkPassword(password, email, name string) error {
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return fmt.Errorf("%w: it is shorter than %d characters", ErrPassword, minPassword)
	case len(password) > maxPassword:
		return fmt.Errorf("%w: it is longer than %d bytes", ErrPassword, maxPassword)
	case strings.EqualFold(password, email) || strings.EqualFold(password, name):
		return fmt.Errorf("%w: it is your name", ErrPassword)
	case strings.Count(password, password[:1]) == len(password):
		return fmt.Errorf("%w: it is one character again and again", ErrPassword)
	}
	return nil
}

// hashPassword returns the hash of a password that is stored: argon2id in the PHC string format.
func hashPassword(ctx context.Context, password string) (string, error) {
	var salt [argonSalt]byte
	rand.Read(salt[:])
	key, err := argon(ctx, password, salt[:], argonMemory, argonTime, argonThreads, argonKey)
	if err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads, b64(salt[:]), b64(key)), nil
}

// nobody is the hash that is checked if there is no such user, so that the time of an answer tells nothing.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// samePassword reports whether a hash belongs to the password. A hash that cannot be parsed belongs to none.
func samePassword(ctx context.Context, hash, password string) (bool, error) {
	if len(password) > maxPassword {
		return false, nil
	}
	var version int
	var memory, time uint32
	var threads uint8
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, nil
	}
	_, err1 := fmt.Sscanf(parts[2], "v=%d", &version)
	_, err2 := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &threads)
	salt, err3 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err4 := base64.RawStdEncoding.DecodeString(parts[5])
	if errors.Join(err1, err2, err3, err4) != nil || version != argon2.Version || memory > 1<<20 || time == 0 || threads == 0 || len(want) == 0 {
		return false, nil
	}
	got, err := argon(ctx, password, salt, memory, time, threads, uint32(len(want)))
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1, err
}

func argon(ctx context.Context, password string, salt []byte, memory, time uint32, threads uint8, size uint32) ([]byte, error) {
	select {
	case hashing <- struct{}{}:
		defer func() { <-hashing }()
		return argon2.IDKey([]byte(password), salt, time, memory, threads, size), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
