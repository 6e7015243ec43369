package flow

import (
	"encoding/binary"
	"encoding/hex"
)

// etagPrefix marks an etag, so that another token in its place is told from it.
const etagPrefix = "v"

// Etag names a version to callers, who only compare and repeat it.
func Etag(version int64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(version))
	return etagPrefix + hex.EncodeToString(b[:])
}

// ParseEtag gives the version that an etag names. One that Etag has not made is ErrInvalid.
func ParseEtag(etag string) (int64, error) {
	if len(etag) == len(etagPrefix)+16 {
		if b, err := hex.DecodeString(etag[len(etagPrefix):]); err == nil {
			version := int64(binary.BigEndian.Uint64(b))
			if version > 0 && Etag(version) == etag {
				return version, nil
			}
		}
	}
	return 0, Invalid([]Violation{{
		Field: "etag", Reason: ViolationBadFormat,
		Text: "is " + quoted(etag) + ", which this service has not given: repeat the etag that you have read, or leave it empty",
	}})
}
