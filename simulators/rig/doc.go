// Package rig seats the parties of a scenario round one table: tills, cardholders and an acquirer, in memory or on sockets.
package rig
