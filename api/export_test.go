package api

// TakeFollowers takes the places of so many followers of a project, and
// reports whether there were any.
func (s *Server) TakeFollowers(project string, n int64) bool { return s.followers.Take(project, n) }

// TakeBodies is the same for memory of bodies.
func (s *Server) TakeBodies(project string, n int64) bool { return s.bodies.Take(project, n) }
