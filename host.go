package picasso

// Host is a compute host with an engine on it, as the engine itself sees it.
type Host struct {
	Name          string `json:"name"`
	Version       string `json:"version"`        // of the engine
	MemoryMB      int    `json:"memory_mb"`      // for sandboxes, as configured
	MemoryUsedMB  int    `json:"memory_used_mb"` // promised to sandboxes that exist or are being started
	Sandboxes     int    `json:"sandboxes"`      // that exist or are being started
	SandboxesIdle int    `json:"sandboxes_idle"` // of these, waiting for a call
	CallsRunning  int    `json:"calls_running"`  // in a sandbox now
	CallsWaiting  int    `json:"calls_waiting"`  // waiting for a sandbox now
	ColdStarts    int64  `json:"cold_starts"`    // since the engine started
}
