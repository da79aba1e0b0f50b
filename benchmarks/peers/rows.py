"""Which rows are measured of which peer, in which order.

Those of small files come first: on ext4, a file is slow to make for minutes
after others have been removed.
"""

import byte_streams
import calls
import chains
import collecting
import concurrent_calls
import disk_room
import many_records
import matrices

MEASURES = {
    "joblib": (calls.measure, disk_room.measure, concurrent_calls.measure,
               many_records.measure, collecting.measure,
               byte_streams.measure_hash, matrices.measure_values),
    "joblib_mmap": (chains.measure, matrices.measure_views),
    "joblib_shelved": (chains.measure_shelved,),
    "joblib_compressed": (byte_streams.measure_compression,
                          matrices.measure_values),
    "diskcache": (calls.measure, disk_room.measure, concurrent_calls.measure,
                  many_records.measure, collecting.measure,
                  matrices.measure_values),
    "diskcache_get_set": (calls.measure, matrices.measure_values),
    "jum": (calls.measure, matrices.measure_values),
    "funes": (calls.measure, matrices.measure_values),
}
