package sqlite_test

import (
	"testing"

	"smsflow/services/store/storetest"
)

func BenchmarkIngest256(b *testing.B) { storetest.BenchmarkIngest256(b, open) }
func BenchmarkCommit256(b *testing.B) { storetest.BenchmarkCommit256(b, open) }
func BenchmarkLoad256(b *testing.B)   { storetest.BenchmarkLoad256(b, open) }
func BenchmarkSend256(b *testing.B)   { storetest.BenchmarkSend256(b, open) }
func BenchmarkSettle256(b *testing.B) { storetest.BenchmarkSettle256(b, open) }
func BenchmarkTake256(b *testing.B)   { storetest.BenchmarkTake256(b, open) }
func BenchmarkSweep256(b *testing.B)  { storetest.BenchmarkSweep256(b, open) }
