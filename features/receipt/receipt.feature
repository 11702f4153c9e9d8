Feature: What each receipt says
  Months later the slip is all there is. It must name the payment, what it took back and how the card came, and nothing that
  helps a thief.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @RCP-001
  Scenario: The slip of a void names the voucher that it takes back
    Given Bob has paid 10.00 CNY at "T1"
    When Bob has the 1st sale voided at "T1"
    Then "T1" shows APPROVED
    And "T1" prints 2 receipts
    And the customer copy of "T1" has
      | line          | value      |
      | SLIP_TYPE     | @FLOW_VOID |
      | SLIP_TRACE    | 000003     |
      | SLIP_ORIGINAL | 000002     |
      | SLIP_AMOUNT   | 10.00 CNY  |

  @RCP-001
  Scenario: That of a refund too, with the amount that comes back
    Given Bob has paid 10.00 CNY at "T1"
    When Bob has 4.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows APPROVED
    And the customer copy of "T1" has
      | line          | value        |
      | SLIP_TYPE     | @FLOW_REFUND |
      | SLIP_ORIGINAL | 000002       |
      | SLIP_AMOUNT   | 4.00 CNY     |

  @RCP-001
  Scenario: That of a completion names the deposit
    When Alice leaves a deposit of 500.00 CNY at "T1"
    And Alice has the 1st pre-auth completed with 480.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the merchant copy of "T1" has
      | line          | value            |
      | SLIP_TYPE     | @FLOW_COMPLETION |
      | SLIP_ORIGINAL | 000002           |
      | SLIP_AMOUNT   | 480.00 CNY       |

  @RCP-002
  Scenario: A refund is not called a sale
    Given Bob has paid 10.00 CNY at "T1"
    When Bob has 4.00 CNY of the 1st sale refunded at "T1"
    Then "T1" shows APPROVED
    And the merchant copy of "T1" has
      | line      | value        |
      | SLIP_TYPE | @FLOW_REFUND |

  @RCP-002
  Scenario Outline: <kind> leaves two slips that say so, and that hide the card number
    Given Bob has paid 10.00 CNY at "T1"
    When <deed>
    Then "T1" shows APPROVED
    And "T1" prints 2 receipts
    And the customer copy of "T1" has
      | line      | value            |
      | SLIP_TYPE | @FLOW_<kind>     |
      | SLIP_CARD | 620012******0432 |

    Examples:
      | kind          | deed                                                     |
      | VOID          | Bob has the 1st sale voided at "T1"                      |
      | REFUND        | Bob has 4.00 CNY of the 1st sale refunded at "T1"        |
      | TIP           | Bob adds a tip of 1.00 CNY to the 1st sale at "T1"       |
      | PRE_AUTH      | Bob leaves a deposit of 500.00 CNY at "T1"               |
      | INSTALMENT    | Bob pays 600.00 CNY at "T1" in 6 instalments             |
      | RECURRING     | the shop charges Bob's subscription of 10.00 CNY at "T1" |
      | MOTO_SALE     | Bob orders for 10.00 CNY at "T1" by telephone            |
      | MOTO_PRE_AUTH | Bob leaves a deposit of 500.00 CNY at "T1" by telephone  |

  @RCP-003
  Scenario: An amount stands with its currency
    When Alice leaves a deposit of 500.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the customer copy of "T1" has
      | line        | value      |
      | SLIP_AMOUNT | 500.00 CNY |
      | SLIP_TOTAL  | 500.00 CNY |

  @RCP-004
  Scenario: The expiry is on no copy
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the merchant copy of "T1" has
      | line        | value |
      | SLIP_EXPIRY |       |
    And the customer copy of "T1" has
      | line        | value |
      | SLIP_EXPIRY |       |

  @RCP-005
  Scenario: The guest's copy of a deposit does not show the whole number
    When Alice leaves a deposit of 500.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the customer copy of "T1" has
      | line      | value            |
      | SLIP_CARD | 620012******8862 |
    And no output holds Alice's PIN, track or card number

  @RCP-006
  Scenario: A number typed by hand is told from a swipe
    When the cashier keys in Bob's card for 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the merchant copy of "T1" has
      | line      | value |
      | SLIP_CARD | M     |

  @RCP-006
  Scenario: A swipe is a swipe
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the merchant copy of "T1" has
      | line      | value |
      | SLIP_CARD | S     |

  @RCP-007
  Scenario: There is no receipt of what was declined
    When Frank swipes 10.00 CNY at "T1"
    And the cashier prints the last receipt again at "T1"
    Then "T1" shows CARD_EXPIRED
    And "T1" shows NO_SLIP
    And "T1" prints no receipts

  @RCP-007
  Scenario: Nor does a declined payment take the place of the receipt before it
    Given Bob has paid 10.00 CNY at "T1"
    When Dave swipes 20.00 CNY at "T1"
    And the cashier prints the last receipt again at "T1"
    Then "T1" shows KEEP_CARD
    And the customer copy of "T1" has
      | line        | value     |
      | SLIP_TRACE  | 000002    |
      | SLIP_AMOUNT | 10.00 CNY |
    And the customer copy of "T1" is marked as a reprint

  @RCP-008
  Scenario: The receipt of any voucher of the batch is printed again
    Given Bob has paid 10.00 CNY at "T1"
    And Bob has paid 20.00 CNY at "T1"
    When the cashier prints the receipt of the 1st sale again at "T1"
    Then "T1" prints 2 receipts
    And the customer copy of "T1" has
      | line        | value     |
      | SLIP_TRACE  | 000002    |
      | SLIP_AMOUNT | 10.00 CNY |
    And the customer copy of "T1" is marked as a reprint
    And no message went to the host

  @RCP-008
  Scenario: After a power cut too
    Given Bob has paid 10.00 CNY at "T1"
    And Bob has paid 20.00 CNY at "T1"
    When "T1" starts again
    And the cashier prints the receipt of the 1st sale again at "T1"
    Then the customer copy of "T1" has
      | line        | value     |
      | SLIP_AMOUNT | 10.00 CNY |
    And the customer copy of "T1" is marked as a reprint

  @RCP-009 @host-control
  Scenario Outline: An approval with a remark (<code>) says so on the slip
    Given the host answers the 1st sale with "<code>"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows <screen>
    And the merchant copy of "T1" has
      | line     | value     |
      | <screen> | 10.00 CNY |

    Examples:
      | code | screen               |
      | A2   | APPROVED_CONFIRM     |
      | A4   | APPROVED_WITH_DEFECT |
      | A5   | APPROVED_WITH_DEFECT |
      | A6   | APPROVED_WITH_DEFECT |

  @RCP-010
  Scenario: The slip is dated by the answer, not by a till whose clock has gone wrong
    Given the clock of "T1" is 3 days slow
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And the receipts of "T1" are dated as the answer to the 1st sale

  @RCP-011
  Scenario Outline: <who> finds a place to sign
    When <who> swipes 10.00 CNY at "T1" and enters <whose> PIN
    Then "T1" shows APPROVED
    And the merchant copy of "T1" has
      | line             | value |
      | SLIP_SIGNATURE   | *     |
      | SLIP_PIN_ENTERED | <pin> |

    Examples:
      | who   | whose | pin |
      | Alice | her   | *   |
      | Bob   | his   |     |
