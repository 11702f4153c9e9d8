package main

import (
	"encoding/hex"
	"testing"
)

// The PIN key of ANSI X9.24-1's example, serial number 1.
func TestTransactionKey(t *testing.T) {
	serial, err := hex.DecodeString("FFFF9876543210E00001")
	if err != nil {
		t.Fatal(err)
	}
	if got := transactionKey(baseKey, serial); got != "042666B49184CF5C68DE9628D0397B36" {
		t.Error(got)
	}
}
