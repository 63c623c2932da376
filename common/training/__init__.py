"""What a training is made of beside the loop: batches, callbacks, processes."""
