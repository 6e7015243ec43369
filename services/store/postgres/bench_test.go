package postgres_test

import (
	"testing"

	"smsflow/services/store/storetest"
)

func BenchmarkIngest256(b *testing.B) { storetest.BenchmarkIngest256(b, open) }
func BenchmarkCommit256(b *testing.B) { storetest.BenchmarkCommit256(b, open) }
func BenchmarkLoad256(b *testing.B)   { storetest.BenchmarkLoad256(b, open) }
