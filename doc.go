// Package tillproof proves a payment system before it reaches the till; the program is cmd/tillproof.
package tillproof
