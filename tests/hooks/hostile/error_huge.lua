-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- An error of a megabyte.

return {
  run = function()
    error(("x"):rep(1048576))
  end,
}
