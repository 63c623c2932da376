"""What a recurrent net has to beat: models that know no order of words."""
