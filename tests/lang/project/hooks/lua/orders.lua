-- SPDX-License-Identifier: Apache-2.0
local orders = {}
function orders.look(args)
  return "in our depot"
end
return orders
