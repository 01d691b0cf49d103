"""JPEG pictures with a gain map whose base picture is one's own: read by every Ultra HDR reader."""
