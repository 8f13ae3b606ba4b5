package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
)

// sealer makes values unreadable and unchangeable to those who keep them: AES-256-GCM,
// with a key of its own for each use.
type sealer struct{ aead cipher.AEAD }

func newSealer(secret, use string) (*sealer, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "avatarforge "+use, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &sealer{aead}, nil
}

// seal makes a text of v that fits into a cookie.
func (s *sealer) seal(v any) (string, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, plain, nil)), nil //nolint:gosec // it makes its nonces itself
}

var errSeal = errors.New("the seal is not ours")

// open reads into v what seal has sealed.
func (s *sealer) open(sealed string, v any) error {
	data, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return errSeal
	}
	plain, err := s.aead.Open(nil, nil, data, nil)
	if err != nil {
		return errSeal
	}
	return json.Unmarshal(plain, v)
}
