"""What a machine without a Docker engine needs: servers from the distribution's packages, and the demo on them."""
