"""The demo: a small LTI platform and our own courses, so that one command shows the main job."""
