RUN = 1


def run(minutes, say):
    return {}
