"""The small systems beside the broker that a lesson needs: what a side effect reaches."""
