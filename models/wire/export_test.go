package wire

// Inflated gives the plain form of a deflated body.
func Inflated(packed []byte) (plain []byte, err error) {
	err = inflate(packed, func(p []byte) error {
		plain = append(plain, p...)
		return nil
	})
	return plain, err
}
