// Package avatartest has in-process servers that speak the HTTP of a Hunyuan3D-2 API server and of a Stable Diffusion
// WebUI, and misbehave as those do: see [Hunyuan] and [WebUI]. It shares no code with their clients.
package avatartest
