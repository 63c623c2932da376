"""What training needs beside the loop: batches, callbacks, schedules, several processes."""
