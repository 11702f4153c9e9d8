Feature: The stripe of a card that has a chip
  A stripe is copied in a second. So it is taken only where the chip was tried, and everybody is told that it was.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @FBK-003 @unionpay @host-control
  Scenario: The stripe of a broken chip says that it is one
    Given Carol's chip is dead
    When Carol inserts her card for 10.00 CNY at "T1"
    And Carol inserts her card again at "T1"
    And Carol inserts her card again at "T1"
    And Carol swipes again at "T1"
    Then "T1" shows SWIPE_CARD
    And "T1" shows APPROVED
    And the 1st sale carries
      | field      | value |
      | entry_mode | 021   |
      | chip       |       |
      | pin        | *     |
    And Carol's card holds 990.00 CNY

  @FBK-004
  Scenario Outline: The stripe of a card with service code <code> is sent to the slot
    When <who> swipes 10.00 CNY at "T1"
    Then "T1" shows INSERT_CHIP
    And "T1" is waiting for the card
    And no message went to the host

    Examples:
      | code | who   |
      | 220  | Carol |
      | 201  | Max   |
      | 620  | Nora  |

  @FBK-004 @host-control
  Scenario: Who was sent to the slot pays by chip
    When Nora swipes 10.00 CNY at "T1"
    And Nora inserts her card again at "T1"
    Then "T1" shows INSERT_CHIP
    And "T1" shows APPROVED
    And the 1st sale carries
      | field        | value |
      | entry_mode   | 051   |
      | ic_condition | 0     |
    And Nora's card holds 990.00 CNY

  @FBK-005 @host-control
  Scenario: A bank that never takes the stripe answers 45 to a fallback too
    Given Nora's chip is dead
    When Nora inserts her card for 10.00 CNY at "T1"
    And Nora inserts her card again at "T1"
    And Nora inserts her card again at "T1"
    And Nora swipes again at "T1"
    Then "T1" shows INSERT_CHIP
    And the answer to the 1st sale carries
      | field | value |
      | code  | 45    |
    And Nora's card holds 1000.00 CNY

  @FBK-006 @host-control
  Scenario: A stripe that was written with what the chip says pays nothing
    Given Carol's chip is dead
    And Carol's stripe is written with what the chip says
    When Carol inserts her card for 10.00 CNY at "T1"
    And Carol inserts her card again at "T1"
    And Carol inserts her card again at "T1"
    And Carol swipes again at "T1"
    Then "T1" shows SUSPECTED_FRAUD
    And Carol's card holds 1000.00 CNY

  @FBK-006 @host-control
  Scenario: A chip that carries the track of a stripe pays nothing
    Given Carol's chip carries the track of her stripe
    When Carol inserts her card for 10.00 CNY at "T1"
    Then "T1" shows SUSPECTED_FRAUD
    And Carol's card holds 1000.00 CNY

  @FBK-007 @host-control
  Scenario: A track whose check character does not fit was not read
    Given Bob's stripe is scratched
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows SWIPE_AGAIN
    And "T1" is waiting for the card
    And no message went to the host

  @FBK-007 @host-control
  Scenario: After three such swipes the order is over
    Given Bob's stripe is scratched
    When Bob swipes 10.00 CNY at "T1"
    And Bob swipes again at "T1"
    And Bob swipes again at "T1"
    Then "T1" shows CARD_UNREADABLE
    And no message went to the host
    And Bob's card holds 5000.00 CNY

  @FBK-001 @host-control
  Scenario: A chip that does not answer its commands is a broken chip
    Given Carol's chip does not answer
    When Carol inserts her card for 10.00 CNY at "T1"
    And Carol inserts her card again at "T1"
    And Carol inserts her card again at "T1"
    And Carol swipes again at "T1"
    Then "T1" shows INSERT_AGAIN
    And "T1" shows APPROVED
    And the 1st sale carries
      | field        | value |
      | ic_condition | 2     |

  @FBK-001 @host-control
  Scenario: The failures of one order open no way to the stripe in the next
    Given Carol's chip is dead
    And Carol inserts her card for 10.00 CNY at "T1"
    And Carol inserts her card again at "T1"
    And Carol inserts her card again at "T1"
    And the cashier cancels at "T1"
    When Carol swipes 10.00 CNY at "T1"
    Then "T1" shows INSERT_CHIP
    And no message went to the host

  @FBK-007 @unionpay
  Scenario: Track 1 does not help a host that has no place for it
    Given Bob's stripe is scratched on track 2
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows SWIPE_AGAIN
    And no message went to the host

  @FBK-008
  Scenario: A stripe that is half another card's was not read
    Given Bob's stripe is half written over
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows SWIPE_AGAIN
    And "T1" is waiting for the card
    And no message went to the host
