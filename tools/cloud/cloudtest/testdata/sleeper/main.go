// Sleeper is a container's process that does nothing for an hour.
package main

import "time"

func main() { time.Sleep(time.Hour) }
