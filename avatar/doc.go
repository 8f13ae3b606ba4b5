// Package avatar makes figures: 3D models out of pictures.
//
// # Words
//
// A picture is a PNG or JPEG that somebody sends in, read by [Picture] and kept in one size. A figure is the
// job that makes a model of it, and the model, a binary glTF (GLB). A maker makes the model: the
// built-in mesher ([Relief]), or a Hunyuan3D-2 server ([Hunyuan]). Before it, a style step may draw the
// picture anew ([Stylist], a Stable Diffusion WebUI). A portrait is a picture that is kept for a character to be shown
// (portrait.go).
//
// # The mesher
//
// It is a pure function: no I/O, no clock. The files mesh*.go hold it in the order of its steps: the figure is cut out
// of its background (mesh_matte.go), gets a height for each point from its outline and its light and dark
// (mesh_relief.go), becomes a closed surface (mesh_surface.go), loses the triangles that show least
// (mesh_decimate.go), and is covered with the picture (mesh_texture.go). glb.go writes it down.
//
// # Jobs
//
// [Workshop] takes pictures and makes figures one after the other, as many at once as it is told to for all
// instances together. What the clients see of a job is its row in the store (store.Figure); River carries the
// work to an instance, waits between attempts and survives a restart. An instance that works on a
// figure holds one of the lanes in the store and renews it; when it dies, the lane runs out and another
// instance, or itself after a restart, begins the figure anew. A run has a number: what an earlier run still
// tries to write is refused, so that a figure is finished once.
//
// # When the other side is slow or gone
//
// A Hunyuan3D-2 server never says that a job has failed, so only our own time-out ends it. Errors that
// may pass are retried with growing pauses; time-outs and refusals are not. What clients are told
// never holds an upstream's address.
//
// # Who may call what
//
// All methods of Workshop may be called from any goroutine. Relief and Picture may run at once, memory permitting.
package avatar
